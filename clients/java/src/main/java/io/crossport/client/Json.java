package io.crossport.client;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JSON as maps, lists, strings, numbers, booleans and null. */
final class Json {
  private static final JsonFactory FACTORY = new JsonFactory();

  private Json() {}

  /** The document's object; an IOException where it is no JSON, or anything but one object. */
  static Map<String, Object> object(byte[] content) throws IOException {
    try (JsonParser parser = FACTORY.createParser(content)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new JsonParseException(parser, "not an object");
      }
      Map<String, Object> found = members(parser);
      if (parser.nextToken() != null) {
        throw new JsonParseException(parser, "more than one object");
      }
      return found;
    }
  }

  static byte[] bytes(Map<String, ?> object) {
    ByteArrayOutputStream to = new ByteArrayOutputStream();
    try (JsonGenerator generator = FACTORY.createGenerator(to)) {
      write(generator, object);
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return to.toByteArray();
  }

  private static Map<String, Object> members(JsonParser parser) throws IOException {
    Map<String, Object> found = new LinkedHashMap<>();
    for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
      parser.nextToken();
      found.put(name, value(parser));
    }
    return found;
  }

  private static Object value(JsonParser parser) throws IOException {
    return switch (parser.currentToken()) {
      case START_OBJECT -> members(parser);
      case START_ARRAY -> {
        List<Object> found = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          found.add(value(parser));
        }
        yield found;
      }
      case VALUE_STRING -> parser.getText();
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> parser.getNumberValue();
      case VALUE_TRUE -> Boolean.TRUE;
      case VALUE_FALSE -> Boolean.FALSE;
      case VALUE_NULL -> null;
      default -> throw new JsonParseException(parser, "no value");
    };
  }

  private static void write(JsonGenerator to, Object value) throws IOException {
    if (value instanceof Map<?, ?> object) {
      to.writeStartObject();
      for (Map.Entry<?, ?> member : object.entrySet()) {
        to.writeFieldName(String.valueOf(member.getKey()));
        write(to, member.getValue());
      }
      to.writeEndObject();
    } else if (value instanceof Iterable<?> list) {
      to.writeStartArray();
      for (Object one : list) {
        write(to, one);
      }
      to.writeEndArray();
    } else if (value instanceof Integer || value instanceof Long) {
      to.writeNumber(((Number) value).longValue());
    } else if (value instanceof Number number) {
      to.writeNumber(number.doubleValue());
    } else if (value instanceof Boolean bool) {
      to.writeBoolean(bool);
    } else if (value == null) {
      to.writeNull();
    } else {
      to.writeString(value.toString());
    }
  }
}
