"""What a network computes: layers, activations, losses, parameters. Arrays only."""
