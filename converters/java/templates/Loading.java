  /**
   * Loads the model that is in this jar.
   *
   * @throws IOException if it cannot be read, or is not the model that was proven
   */
  public static ${prefix}Model load() throws IOException {
    return open(ModelFile.content());
  }

  /**
   * Loads the model from a file, which must be the one that was proven.
   *
   * @throws IOException if it cannot be read, or is not the model that was proven
   */
  public static ${prefix}Model load(Path file) throws IOException {
    return load(Files.readAllBytes(file));
  }

  /**
   * Loads the model from memory, which must hold the one that was proven.
   *
   * @throws IOException if it is not the model that was proven
   */
  public static ${prefix}Model load(byte[] content) throws IOException {
    return open(ModelFile.proven(content));
  }

