package io.crossport.client;

/**
 * A published bundle; it never changes.
 *
 * @param id the portal's number of it
 * @param build which build of its version and target it is
 * @param fileName the archive's name
 * @param sha256 the archive's sum, in hexadecimal
 * @param size of the archive, in bytes
 */
public record Bundle(long id, long build, String fileName, String sha256, long size) {
  static Bundle of(Fields fields) {
    return new Bundle(
        fields.number("id"),
        fields.number("build"),
        fields.text("file_name"),
        fields.text("sha256"),
        fields.number("size"));
  }
}
