package io.crossport.spring;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads JSON into maps, lists, texts, doubles and booleans. An application need not have a parser,
 * and Spring's own one takes no line breaks.
 */
final class Json {
  private final String text;
  private int at;

  private Json(String text) {
    this.text = text;
  }

  /**
   * The object that a text holds.
   *
   * @throws IllegalArgumentException if it holds none
   */
  static Map<?, ?> object(String text) {
    if (new Json(text).value() instanceof Map<?, ?> object) {
      return object;
    }
    throw new IllegalArgumentException("no object");
  }

  private Object value() {
    return switch (peek()) {
      case '{' -> members();
      case '[' -> items();
      case '"' -> string();
      default -> word();
    };
  }

  private Map<String, Object> members() {
    Map<String, Object> found = new LinkedHashMap<>();
    at++;
    while (peek() != '}') {
      String name = string();
      take(':');
      found.put(name, value());
      if (peek() != '}') {
        take(',');
      }
    }
    at++;
    return found;
  }

  private List<Object> items() {
    List<Object> found = new ArrayList<>();
    at++;
    while (peek() != ']') {
      found.add(value());
      if (peek() != ']') {
        take(',');
      }
    }
    at++;
    return found;
  }

  private String string() {
    take('"');
    StringBuilder found = new StringBuilder();
    while (next() != '"') {
      char one = text.charAt(at++);
      found.append(one == '\\' ? escaped() : one);
    }
    at++;
    return found.toString();
  }

  private char escaped() {
    char one = next();
    at++;
    return switch (one) {
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'u' -> (char) Integer.parseInt(text.substring(at, at += 4), 16);
      default -> one;
    };
  }

  private Object word() {
    int from = at;
    while (at < text.length() && ",]} \t\r\n".indexOf(text.charAt(at)) < 0) {
      at++;
    }
    String word = text.substring(from, at);
    return switch (word) {
      case "true", "false" -> Boolean.valueOf(word);
      case "null" -> null;
      default -> Double.valueOf(word);
    };
  }

  private void take(char wanted) {
    if (peek() != wanted) {
      throw new IllegalArgumentException("no " + wanted + " at " + at);
    }
    at++;
  }

  /** The next character that is no blank. */
  private char peek() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
    return next();
  }

  private char next() {
    if (at >= text.length()) {
      throw new IllegalArgumentException("it breaks off");
    }
    return text.charAt(at);
  }
}
