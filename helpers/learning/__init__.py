"""What training is made of: material, feeding, calibration, examination."""
