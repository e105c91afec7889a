package $package;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;

/** Where the model's bytes are, and the check that they are those that were proven. */
final class ModelFile {
  private static final String NAME = "$file";
  private static final String SHA256 =
      "$sha256";
  private static final long BYTES = ${bytes}L;

  /** Files beside it in which it keeps tensors, and their sums. */
  private static final Map<String, String> DATA = Map.of($data);

  /** From here on the runtime needs much less memory when it opens a file by its path. */
  private static final long LARGE = 32L << 20;

  private ModelFile() {}

  static boolean isLarge() {
    return BYTES > LARGE || !DATA.isEmpty();
  }

  /** The model in this jar. */
  static byte[] content() throws IOException {
    try (InputStream in = resource(NAME)) {
      return proven(in.readAllBytes());
    }
  }

  /**
   * The model in this jar, as a file: written once into the folder that the system property
   * crossport.cache names, or else into .cache/crossport in the user's home.
   */
  static Path extracted() throws IOException {
    String home = System.getProperty("user.home");
    String cache = System.getProperty("crossport.cache", home + "/.cache/crossport");
    Path folder = Files.createDirectories(Path.of(cache, SHA256));
    for (Map.Entry<String, String> data : DATA.entrySet()) {
      extract(data.getKey(), data.getValue(), folder);
    }
    return extract(NAME, SHA256, folder);
  }

  private static Path extract(String name, String sha256, Path folder) throws IOException {
    Path file = folder.resolve(name);
    if (Files.exists(file) && sha256(Files.newInputStream(file)).equals(sha256)) {
      return file;
    }
    Path aside = Files.createTempFile(folder, name, ".part");
    try (InputStream in = resource(name)) {
      Files.copy(in, aside, StandardCopyOption.REPLACE_EXISTING);
      check(name, sha256(Files.newInputStream(aside)), sha256);
      // Moved whole: another process sees the finished file or none.
      return Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(aside);
    }
  }

  static Path proven(Path file) throws IOException {
    for (Map.Entry<String, String> data : DATA.entrySet()) {
      Path beside = file.resolveSibling(data.getKey());
      check(beside.toString(), sha256(Files.newInputStream(beside)), data.getValue());
    }
    check(file.toString(), sha256(Files.newInputStream(file)), SHA256);
    return file;
  }

  static byte[] proven(byte[] content) throws IOException {
    if (!DATA.isEmpty()) {
      throw new IOException("the model keeps tensors in files beside it: load it by its path");
    }
    check("the content", HexFormat.of().formatHex(digest().digest(content)), SHA256);
    return content;
  }

  private static InputStream resource(String name) throws IOException {
    InputStream in = ModelFile.class.getResourceAsStream(name);
    if (in == null) {
      throw new FileNotFoundException(name + " is not in the jar of " + ModelFile.class.getName());
    }
    return in;
  }

  private static void check(String what, String sha256, String wanted) throws IOException {
    if (!sha256.equals(wanted)) {
      throw new IOException(
          what + " is not the model that was proven: sha256 " + sha256 + ", not " + wanted);
    }
  }

  private static String sha256(InputStream content) throws IOException {
    try (DigestInputStream in = new DigestInputStream(content, digest())) {
      in.transferTo(OutputStream.nullOutputStream());
      return HexFormat.of().formatHex(in.getMessageDigest().digest());
    }
  }

  private static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }
}
