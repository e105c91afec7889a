package $package;

import ai.onnxruntime.OnnxJavaType;
$imports
/** What the model file calls its inputs and outputs. */
final class Schema {
$feeds
$outputs
  private Schema() {}

  /** One input of the model file. width: how many values it takes a row. */
  record Feed(String name, OnnxJavaType type, int width) {}
}
