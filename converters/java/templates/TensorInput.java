package $package;

$imports
/**
 * One row of input for {@link ${prefix}Model}.
 *
$javadoc
 */
$head
$widths
  /**
   * Checks and copies the values.
   *
   * @throws IllegalArgumentException if there are too many or too few, or one cannot be taken
   */
  public ${prefix}Input {
$checks  }

$accessors
$put
  @Override
  public boolean equals(Object other) {
    return other instanceof ${prefix}Input input$equal;
  }

  @Override
  public int hashCode() {
    return $hash;
  }

  @Override
  public String toString() {
    return "${prefix}Input[" + $shown + "]";
  }
}
