package io.crossport.client;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * What a bundle's files are against its {@code SHA256SUMS}.
 *
 * @param checked how many files are what they should be
 * @param missing files that are listed and are not there
 * @param extra files that are there and are not listed
 * @param changed files that are other than listed, or stand there twice
 */
public record Verification(
    int checked, List<String> missing, List<String> extra, List<String> changed) {
  private static final String SUMS = "SHA256SUMS";
  private static final int MOST_SUMS = 16 << 20;
  private static final Pattern LINE = Pattern.compile("([0-9a-f]{64}) [ *](.+)");

  /** Whether every file is there, is what it should be, and none is there besides. */
  public boolean holds() {
    return missing.isEmpty() && extra.isEmpty() && changed.isEmpty();
  }

  /**
   * This, where the bundle holds.
   *
   * @throws CorruptBundleException {@code sums_differ}; it names every file
   */
  public Verification orThrow() {
    if (holds()) {
      return this;
    }
    List<String> said = new ArrayList<>();
    say(said, "missing", missing);
    say(said, "not listed", extra);
    say(said, "changed", changed);
    throw new CorruptBundleException(
        "sums_differ",
        "The bundle is not what its SHA256SUMS say: "
            + String.join("; ", said)
            + ". Download it"
            + " again.",
        null);
  }

  private static void say(List<String> said, String how, List<String> names) {
    if (!names.isEmpty()) {
      said.add(how + ": " + String.join(", ", names));
    }
  }

  static Verification of(Path bundle) {
    try (ZipFile zip = new ZipFile(bundle.toFile(), StandardCharsets.UTF_8)) {
      ZipEntry sums = zip.getEntry(SUMS);
      if (sums == null) {
        throw notOne(bundle, "it has no SHA256SUMS", null);
      }
      Map<String, String> listed = listed(bundle, zip, sums);
      Map<String, String> found = found(zip);
      return compared(listed, found);
    } catch (ZipException | EOFException no) {
      throw notOne(bundle, no.getMessage(), no);
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  private static Verification compared(Map<String, String> listed, Map<String, String> found) {
    List<String> missing = new ArrayList<>(listed.keySet());
    missing.removeAll(found.keySet());
    List<String> extra = new ArrayList<>(found.keySet());
    extra.removeAll(listed.keySet());
    List<String> both = new ArrayList<>(listed.keySet());
    both.retainAll(found.keySet());
    List<String> changed =
        both.stream().filter(name -> !listed.get(name).equals(found.get(name))).toList();
    return new Verification(
        both.size() - changed.size(), List.copyOf(missing), List.copyOf(extra), changed);
  }

  private static Map<String, String> listed(Path bundle, ZipFile zip, ZipEntry sums)
      throws IOException {
    byte[] content;
    try (InputStream in = zip.getInputStream(sums)) {
      content = in.readNBytes(MOST_SUMS);
    }
    Map<String, String> listed = new TreeMap<>();
    for (String line : new String(content, StandardCharsets.UTF_8).split("\n")) {
      Matcher told = LINE.matcher(line);
      if (!told.matches() || listed.put(told.group(2), told.group(1)) != null) {
        throw notOne(bundle, "its SHA256SUMS are not in their form", null);
      }
    }
    return listed;
  }

  /** Name to sum of every file but the list itself; no sum where one cannot be told. */
  private static Map<String, String> found(ZipFile zip) {
    Map<String, String> found = new TreeMap<>();
    int lists = 0;
    for (ZipEntry entry : Collections.list(zip.entries())) {
      String name = entry.getName();
      if (name.equals(SUMS) && lists++ == 0 || entry.isDirectory()) {
        continue;
      }
      // Of two files of one name nobody knows which one another program takes.
      found.merge(name, sum(zip, entry), (one, other) -> "twice");
    }
    return found;
  }

  private static String sum(ZipFile zip, ZipEntry entry) {
    MessageDigest digest = Crossport.sha256();
    try (InputStream in = zip.getInputStream(entry)) {
      byte[] block = new byte[1 << 16];
      for (int read = in.read(block); read >= 0; read = in.read(block)) {
        digest.update(block, 0, read);
      }
    } catch (IOException broken) {
      return "unreadable";
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static CorruptBundleException notOne(Path bundle, String why, Throwable cause) {
    return new CorruptBundleException(
        "not_a_bundle", bundle + " is no bundle: " + why + ". Download it again.", cause);
  }
}
