package io.crossport.client;

/**
 * One stage of an export.
 *
 * @param name {@code fetch}, {@code convert}, {@code parity} …
 * @param state {@code pending}, {@code running}, {@code done}, {@code skipped} or {@code failed}
 * @param detail a few words on what came of it
 */
public record Step(String name, String state, String detail) {
  static Step of(Fields fields) {
    return new Step(fields.text("name"), fields.text("state"), fields.text("detail"));
  }
}
