package $package;

$imports
/**
 * What {@link ${prefix}Model} answers for one row.
 *
$javadoc
 */
$head
$enums$classes$accessors$equality$read}
