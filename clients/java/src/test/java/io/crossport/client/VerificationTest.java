package io.crossport.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VerificationTest {
  @TempDir Path folder;

  private static String line(String name, String content) {
    byte[] sum = Crossport.sha256().digest(content.getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().formatHex(sum) + "  " + name + "\n";
  }

  private Path zip(Map<String, String> files) throws IOException {
    Path file = folder.resolve("bundle.zip");
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(file))) {
      for (Map.Entry<String, String> one : files.entrySet()) {
        out.putNextEntry(new ZipEntry(one.getKey()));
        out.write(one.getValue().getBytes(StandardCharsets.UTF_8));
      }
    }
    return file;
  }

  private static Map<String, String> good() {
    Map<String, String> files = new LinkedHashMap<>();
    files.put("model.onnx", "model");
    files.put("golden/größe.bin", "rows");
    files.put("SHA256SUMS", line("golden/größe.bin", "rows") + line("model.onnx", "model"));
    return files;
  }

  @Test
  void aBundleThatIsWholeHolds() throws IOException {
    Verification told = Crossport.verify(zip(good())).orThrow();
    assertTrue(told.holds());
    assertEquals(2, told.checked());
  }

  @Test
  void missingExtraAndChangedFilesAreEachNamed() throws IOException {
    Map<String, String> files = good();
    files.remove("golden/größe.bin");
    files.put("model.onnx", "modem");
    files.put("../evil", "");
    Verification told = Crossport.verify(zip(files));
    assertFalse(told.holds());
    assertEquals(List.of("golden/größe.bin"), told.missing());
    assertEquals(List.of("../evil"), told.extra());
    assertEquals(List.of("model.onnx"), told.changed());
    CorruptBundleException said = assertThrows(CorruptBundleException.class, told::orThrow);
    assertEquals("sums_differ", said.code());
    for (String name : List.of("golden/größe.bin", "../evil", "model.onnx")) {
      assertTrue(said.detail().contains(name));
    }
  }

  @Test
  void twoFilesOfOneNameAreNotTakenForOne() throws IOException {
    Map<String, String> files = good();
    files.put("model.onny", "model");
    Path file = zip(files);
    // No writer makes such a file, so the name is changed in its bytes.
    byte[] content = Files.readAllBytes(file);
    byte[] name = "model.onny".getBytes(StandardCharsets.US_ASCII);
    for (int i = 0; i + name.length <= content.length; i++) {
      if (java.util.Arrays.equals(content, i, i + name.length, name, 0, name.length)) {
        content[i + name.length - 1] = 'x';
      }
    }
    Files.write(file, content);
    assertEquals(List.of("model.onnx"), Crossport.verify(file).changed());
  }

  @Test
  void aChangedByteInTheArchiveIsFound() throws IOException {
    Path file = zip(good());
    byte[] content = Files.readAllBytes(file);
    for (int at = 0; at < content.length; at++) {
      byte[] other = content.clone();
      other[at] ^= 0x10;
      Files.write(file, other);
      // Times, flags and the like may differ; no content may, and nothing but this is thrown.
      try {
        Verification told = Crossport.verify(file);
        assertTrue(!told.holds() || told.checked() == 2);
      } catch (CorruptBundleException none) {
        assertEquals("not_a_bundle", none.code());
      }
    }
  }

  @Test
  void whatIsNoBundleIsSaidToBeNone() throws IOException {
    Path text = Files.writeString(folder.resolve("text"), "no zip");
    assertThrows(CorruptBundleException.class, () -> Crossport.verify(text));
    for (String sums : List.of("", "nonsense", line("a", "") + line("a", ""))) {
      Path file = zip(Map.of("SHA256SUMS", sums));
      CorruptBundleException none =
          assertThrows(CorruptBundleException.class, () -> Crossport.verify(file));
      assertEquals("not_a_bundle", none.code());
    }
    Path without = zip(Map.of("model.onnx", "model"));
    assertThrows(CorruptBundleException.class, () -> Crossport.verify(without));
    assertThrows(UncheckedIOException.class, () -> Crossport.verify(folder.resolve("nothing")));
  }
}
