"""From images and labels to normalised, resampled training patches."""
