"""What is kept: consultations, cards, feedback, and what replicas share. Never a patient's data."""
