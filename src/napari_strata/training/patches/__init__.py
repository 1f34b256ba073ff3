"""What a network learns from: patches with their truth, drawn, corrected and fed."""
