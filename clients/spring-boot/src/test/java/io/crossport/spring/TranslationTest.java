package io.crossport.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class TranslationTest {
  /** An input too wide for a record, in the shape of generated code. */
  static final class Wide {
    static final String COLUMNS = "not part of a row";
    private final double[] reals;
    private final String[] texts;

    private Wide(double[] reals, String[] texts) {
      this.reals = reals;
      this.texts = texts;
    }
  }

  /** The same of another build. */
  static final class WideAgain {
    private final double[] reals;
    private final String[] texts;

    private WideAgain(double[] reals, String[] texts) {
      this.reals = reals;
      this.texts = texts;
    }
  }

  /** Of a build that has other values. */
  record Narrow(double[] reals) {}

  @Test
  void anInputTooWideForARecordIsTranslatedByItsFields() throws Exception {
    Translation wide = new Translation(Wide.class, WideAgain.class);
    Object made = wide.translate(new Wide(new double[] {1, Double.NaN}, new String[] {null, "b"}));
    assertThat(made).isInstanceOf(WideAgain.class);
    assertThat(((WideAgain) made).reals).containsExactly(1, Double.NaN);
    assertThat(((WideAgain) made).texts).containsExactly(null, "b");
  }

  @Test
  void anInputOfOtherFieldsIsUnfit() {
    assertThatThrownBy(() -> new Translation(Wide.class, Narrow.class))
        .isInstanceOf(UnfitException.class)
        .hasMessage("Narrow has other fields; build it anew.");
  }
}
