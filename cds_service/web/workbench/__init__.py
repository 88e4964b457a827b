"""The workbench: a patient and an order, the cards an EHR would show, and beside them the decision."""
