"""TensorFlow Serving's REST API: requests, tensors and signatures as its JSON."""
