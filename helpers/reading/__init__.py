"""Files of TensorFlow read by this project itself: tables, bundles, graphs."""
