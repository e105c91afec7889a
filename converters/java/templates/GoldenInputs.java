package $package;

$imports
/** The golden rows as typed inputs; a row with text that the runtime would garble is left out. */
final class GoldenInputs {
  static final int ROWS = $rows;

  private GoldenInputs() {}

  /** The inputs by the number of their row. */
  static SortedMap<Integer, ${prefix}Input> read() throws IOException {
    SortedMap<Integer, ${prefix}Input> found = new TreeMap<>();
$inputs    return found;
  }
}
