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

/** Where the model's bytes are, and the check that they are those that were proven. */
final class ModelFile {
  private static final String NAME = "$file";
  private static final String SHA256 =
      "$sha256";
  private static final long BYTES = ${bytes}L;

  /** From here on the runtime needs much less memory when it opens a file by its path. */
  private static final long LARGE = 32L << 20;

  private ModelFile() {}

  static boolean isLarge() {
    return BYTES > LARGE;
  }

  /** The model in this jar. */
  static byte[] content() throws IOException {
    try (InputStream in = resource()) {
      return proven(in.readAllBytes());
    }
  }

  /**
   * The model in this jar, as a file: written once into the folder that the system property
   * crossport.cache names, or else into .cache/crossport in the user's home.
   */
  static Path extracted() throws IOException {
    String home = System.getProperty("user.home");
    Path folder = Path.of(System.getProperty("crossport.cache", home + "/.cache/crossport"));
    Path file = folder.resolve(SHA256 + "-" + NAME);
    if (Files.exists(file) && sha256(Files.newInputStream(file)).equals(SHA256)) {
      return file;
    }
    Files.createDirectories(folder);
    Path aside = Files.createTempFile(folder, SHA256, ".part");
    try (InputStream in = resource()) {
      Files.copy(in, aside, StandardCopyOption.REPLACE_EXISTING);
      // Moved whole: another process sees the finished file or none.
      return Files.move(proven(aside), file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(aside);
    }
  }

  static Path proven(Path file) throws IOException {
    check(file.toString(), sha256(Files.newInputStream(file)));
    return file;
  }

  static byte[] proven(byte[] content) throws IOException {
    check("the content", HexFormat.of().formatHex(digest().digest(content)));
    return content;
  }

  private static InputStream resource() throws IOException {
    InputStream in = ModelFile.class.getResourceAsStream(NAME);
    if (in == null) {
      throw new FileNotFoundException(NAME + " is not in the jar of " + ModelFile.class.getName());
    }
    return in;
  }

  private static void check(String what, String sha256) throws IOException {
    if (!sha256.equals(SHA256)) {
      throw new IOException(
          what + " is not the model that was proven: sha256 " + sha256 + ", not " + SHA256);
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
