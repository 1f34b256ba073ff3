"""U-Net and Gomb-Net."""
