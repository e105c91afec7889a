"""From a TensorFlow or Keras model to one traced function, and from that to files."""
