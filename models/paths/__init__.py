"""How a network is made a denoiser."""
