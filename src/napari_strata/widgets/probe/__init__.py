"""The probe: the map of what is under the cursor."""
