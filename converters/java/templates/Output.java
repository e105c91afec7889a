package $package;

$imports
/**
 * What {@link ${prefix}Model} answers for one row.
 *
$javadoc
 */
$head
$classes$accessors$equality$read}
