"""Models that several tests convert; each is trained and saved once a process."""

import pytest

from tests.converters import jobs


@pytest.fixture(scope="session")
def scaled_forest(tmp_path_factory):
    """Its labels flip where its scaler computes in float32."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows, labels = jobs.wine()
    model = make_pipeline(StandardScaler(), RandomForestClassifier(15, random_state=0))
    return jobs.save(tmp_path_factory.mktemp("m") / "model", model.fit(rows, labels), rows)


@pytest.fixture(scope="session")
def logistic(tmp_path_factory):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows, labels = jobs.wine()
    model = make_pipeline(StandardScaler(), LogisticRegression())
    return jobs.save(tmp_path_factory.mktemp("m") / "model", model.fit(rows, labels), rows)


@pytest.fixture(scope="session")
def mixed(tmp_path_factory):
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    rows, labels = jobs.people()
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["age", "income"]),
            ("words", OneHotEncoder(handle_unknown="ignore"), ["home town"]),
            ("flags", "passthrough", ["vip"]),
        ]
    )
    model = make_pipeline(columns, RandomForestClassifier(10, random_state=0))
    return jobs.save(tmp_path_factory.mktemp("m") / "model", model.fit(rows, labels), rows)
