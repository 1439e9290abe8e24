"""Networks, mostly put together from MONAI's parts."""
