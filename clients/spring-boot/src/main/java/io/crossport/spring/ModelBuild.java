package io.crossport.spring;

/**
 * Which build of a model it is, as its generated provenance says.
 *
 * @param version the model's version in its registry
 * @param build the number of the build of that version
 * @param sha256 the sum of the model file
 * @param runtime what it was proven on, such as {@code onnxruntime 1.29.0}
 */
public record ModelBuild(String version, int build, String sha256, String runtime) {
  /** Its version in the Maven repository: {@code version.build}. */
  @Override
  public String toString() {
    return version + "." + build;
  }
}
