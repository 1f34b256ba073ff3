"""Looking inside a network: feature maps, kernels, what channels respond to, and what they keep of the image."""
