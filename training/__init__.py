"""Training of the network: data, camera simulation, losses, the loop. Never part of the extension."""
