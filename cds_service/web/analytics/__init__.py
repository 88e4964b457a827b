"""What clinicians do: accepted and overridden, firing rate, verdicts. For the operator; no patient data."""
