package io.crossport.client;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * One portal. For many threads, platform or virtual; it holds nothing that needs closing.
 *
 * <pre>{@code
 * Crossport portal = Crossport.at(URI.create("https://crossport.example")).token(token).build();
 * Export export = portal.export(Ref.alias("prod", "fraud", "champion"), "onnx");
 * Bundle bundle = portal.await(export, Duration.ofMinutes(20)).published();
 * Path file = portal.download(bundle, Path.of("models"));
 * Crossport.verify(file).orThrow();
 * }</pre>
 *
 * <p>Every method throws {@link PortalException} where the portal says no, and {@link
 * UnreachableException} where there is none. A portal that is busy (429, 502, 503) is asked again
 * up to three times, after as long as it says in {@code Retry-After}, a minute at most.
 */
public final class Crossport {
  private static final Duration POLL = Duration.ofSeconds(30);
  private static final Duration BETWEEN_POLLS = Duration.ofSeconds(2);

  /** A wait outlives a portal that restarts: this many polls in a row may fail. */
  private static final int PATIENCE = 10;

  private final Calls calls;

  private Crossport(Calls calls) {
    this.calls = calls;
  }

  /**
   * Begins a client of the portal at this address.
   *
   * @throws IllegalArgumentException it is no http or https address, or has a query or a password
   */
  public static Builder at(URI address) {
    return new Builder(address);
  }

  /** What a client is built from. */
  public static final class Builder {
    private final URI root;
    private String token = "";
    private Duration timeout = Duration.ofSeconds(30);

    private Builder(URI address) {
      String scheme = address.getScheme();
      boolean web = "http".equalsIgnoreCase(scheme) || "https".equalsIgnoreCase(scheme);
      if (!web
          || address.getHost() == null
          || address.getRawUserInfo() != null
          || address.getRawQuery() != null
          || address.getRawFragment() != null) {
        throw new IllegalArgumentException(
            "no address of a portal; write it like https://crossport.example");
      }
      this.root = URI.create(address.toString().replaceAll("/+$", ""));
    }

    /**
     * The API token that is sent to this portal, and to nobody else.
     *
     * @throws IllegalArgumentException it is empty, or has characters that no token has
     */
    public Builder token(String token) {
      if (!token.matches("[\\x21-\\x7e]+")) {
        throw new IllegalArgumentException("an API token is visible ASCII without blanks");
      }
      this.token = token;
      return this;
    }

    /**
     * How long the portal may be silent, while connecting and afterwards; 30 seconds if not given.
     *
     * @throws IllegalArgumentException not above zero
     */
    public Builder timeout(Duration timeout) {
      if (timeout.isNegative() || timeout.isZero()) {
        throw new IllegalArgumentException("a timeout is above zero");
      }
      this.timeout = timeout;
      return this;
    }

    /** The client. */
    public Crossport build() {
      return new Crossport(new Calls(root, token, timeout));
    }
  }

  /** All models, newest in the mirror first; pages are fetched as the stream goes on. */
  public Stream<Model> models() {
    return models(ModelFilter.all());
  }

  /** Some models, newest in the mirror first; pages are fetched as the stream goes on. */
  public Stream<Model> models(ModelFilter filter) {
    return Pages.of(calls, "models/", Calls.query(filter.parameters()), Model::of);
  }

  /** A model by its source's slug and its name. */
  public Optional<Model> model(String source, String name) {
    return models(ModelFilter.all().source(source).name(name)).findFirst();
  }

  /** A model by the portal's number of it. */
  public Model model(long id) {
    return Model.of(calls.get("models/" + id + "/", ""));
  }

  /** A model's versions, highest first; pages are fetched as the stream goes on. */
  public Stream<Version> versions(Model model) {
    return Pages.of(calls, "models/" + model.id() + "/versions/", "", Version::of);
  }

  /** A version by the portal's number of it. */
  public Version version(long id) {
    return Version.of(calls.get("versions/" + id + "/", ""));
  }

  /** Asks for an export with the portal's own choices; see {@link #export(ExportRequest)}. */
  public Export export(Ref ref, String target) {
    return export(ExportRequest.of(ref, target));
  }

  /**
   * Asks for an export. What was asked for before, by anybody, is the same export: it may have
   * ended long ago.
   */
  public Export export(ExportRequest request) {
    return Export.of(calls.post("exports/", request.json(), request.idempotencyKey()));
  }

  /** An export as it stands now. */
  public Export export(long id) {
    return Export.of(calls.get("exports/" + id + "/", ""));
  }

  /** All exports, newest first; pages are fetched as the stream goes on. */
  public Stream<Export> exports() {
    return Pages.of(calls, "exports/", "", Export::of);
  }

  /**
   * Waits until an export has ended, and longer than a portal that restarts is away.
   *
   * @param atMost how long; afterwards the export is given back as it stands
   */
  public Export await(Export export, Duration atMost) {
    long deadline = System.nanoTime() + atMost.toNanos();
    Export last = export;
    int failed = 0;
    while (!last.state().isFinal()) {
      Duration left = Duration.ofNanos(deadline - System.nanoTime());
      if (left.isNegative() || left.isZero()) {
        return last;
      }
      Duration wait = left.compareTo(POLL) < 0 ? left : POLL;
      long begun = System.nanoTime();
      try {
        last = polled(last, wait);
        failed = 0;
      } catch (UnreachableException away) {
        if (++failed > PATIENCE) {
          throw away;
        }
      }
      // A portal where many wait answers at once.
      Duration took = Duration.ofNanos(System.nanoTime() - begun);
      Duration rest = BETWEEN_POLLS.minus(took);
      if (!last.state().isFinal() && !rest.isNegative()) {
        Calls.pause(rest.compareTo(left) < 0 ? rest : left);
      }
    }
    return last;
  }

  private Export polled(Export export, Duration wait) {
    String query = "wait=" + Math.max(1, wait.toSeconds());
    return Export.of(calls.get("exports/" + export.id() + "/", query, wait));
  }

  /** All bundles, newest first; pages are fetched as the stream goes on. */
  public Stream<Bundle> bundles() {
    return Pages.of(calls, "bundles/", "", Bundle::of);
  }

  /** A bundle by the portal's number of it. */
  public Bundle bundle(long id) {
    return Bundle.of(calls.get("bundles/" + id + "/", ""));
  }

  /**
   * Downloads a bundle's archive. It is written beside its place, its sum is told while it comes,
   * and it is moved there whole, or not at all.
   *
   * @param to a folder that exists, where it gets its own name; or a file, which is replaced
   * @return the file
   * @throws CorruptBundleException {@code wrong_sum}: what arrived is something else
   * @throws UncheckedIOException there is no such folder, or no room
   */
  public Path download(Bundle bundle, Path to) {
    Path file = Files.isDirectory(to) ? to.resolve(plain(bundle.fileName())) : to;
    Path aside = file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID() + ".part");
    try {
      try {
        fetch(bundle, aside);
        return Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(aside);
      }
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private void fetch(Bundle bundle, Path aside) throws IOException {
    MessageDigest digest = sha256();
    HttpHeaders headers;
    try (FileChannel file =
        FileChannel.open(aside, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      headers =
          calls.stream("bundles/" + bundle.id() + "/download/", piece -> put(piece, file, digest));
      file.force(true);
    }
    String found = HexFormat.of().formatHex(digest.digest());
    String tag = headers.firstValue("ETag").orElse("").replaceAll("^W/|\"", "");
    // Another server's tag may be anything; one that is a sum is the portal's.
    boolean told = tag.matches("[0-9a-f]{64}") && !tag.equals(bundle.sha256());
    if (told || !found.equals(bundle.sha256())) {
      throw new CorruptBundleException(
          "wrong_sum",
          "What arrived of "
              + bundle.fileName()
              + " has sha256 "
              + found
              + (told ? ", was sent as " + tag : "")
              + ", and the portal names "
              + bundle.sha256()
              + "; nothing was kept. Try again.",
          null);
    }
  }

  private static void put(ByteBuffer piece, FileChannel file, MessageDigest digest)
      throws IOException {
    digest.update(piece.duplicate());
    try {
      while (piece.hasRemaining()) {
        file.write(piece);
      }
    } catch (IOException full) {
      throw new Calls.LocalIoException(full);
    }
  }

  private static String plain(String name) {
    if (name.isBlank() || name.startsWith(".") || name.matches("(?s).*[/\\\\:\\x00-\\x1f].*")) {
      throw Fields.strange("a bundle of the name \"" + name + "\"");
    }
    return name;
  }

  /**
   * Checks every file of a downloaded bundle against its {@code SHA256SUMS}; needs no portal.
   *
   * @throws CorruptBundleException {@code not_a_bundle}: it is no zip, or has no such list
   * @throws UncheckedIOException it cannot be read
   */
  public static Verification verify(Path bundle) {
    return Verification.of(bundle);
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every Java has SHA-256", impossible);
    }
  }
}
