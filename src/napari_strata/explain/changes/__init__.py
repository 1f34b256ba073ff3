"""What a changed image changes in what a network says."""
