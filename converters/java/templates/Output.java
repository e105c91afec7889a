package $package;

$imports
/**
 * What {@link ${prefix}Model} answers for one row.
 *
$javadoc
 */
public record ${prefix}Output($components) {
$classes$accessors$equality$read}
