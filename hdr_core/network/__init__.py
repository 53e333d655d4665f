"""The network of the paper: preliminary module, soft mask, backbone, kernel heads, the model, its weights."""
