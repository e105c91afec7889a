"""Whether a PMML document keeps to the schema of the Data Mining Group, as JPMML ships it.

https://dmg.org/pmml/v4-4-1/GeneralStructure.html; documents of older versions are read as 4.4, as
JPMML reads them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from converters.quoting import quoted

SCHEMA = "pmml.xsd"
XML_SCHEMA = "http://www.w3.org/2001/XMLSchema"


def violation(path: Path) -> str:
    """The first place where a document breaks the schema, such as `line 12: …`; empty without one.

    Needs the JVM of `converters.targets.pmml`, which opening the document has started.
    """
    from jpype import JClass, JException

    stream = JClass("java.io.FileInputStream")(str(path))
    try:
        validator = _schema().newValidator()
        source = JClass("org.xml.sax.InputSource")(stream)
        reader = JClass("org.jpmml.model.filters.ImportFilter")(_reader())
        validator.validate(JClass("javax.xml.transform.sax.SAXSource")(reader, source))
    except JException as error:
        if not isinstance(error, JClass("org.xml.sax.SAXParseException")):
            raise
        said = quoted(str(error.getMessage()), 200)
        return f"line {int(error.getLineNumber())}: {said}"
    finally:
        stream.close()
    return ""


def _schema() -> Any:
    from jpype import JClass

    thread = JClass("java.lang.Thread").currentThread()
    url = thread.getContextClassLoader().getResource(SCHEMA)
    factory = JClass("javax.xml.validation.SchemaFactory").newInstance(XML_SCHEMA)
    return factory.newSchema(url)


def _reader() -> Any:
    """Reads XML with namespaces and without document types, of which JPMML takes none either."""
    from jpype import JClass

    factory = JClass("javax.xml.parsers.SAXParserFactory").newInstance()
    factory.setNamespaceAware(True)
    factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", True)
    return factory.newSAXParser().getXMLReader()
