"""What a contributor must add to the subject for a model, written from its layer plan."""
