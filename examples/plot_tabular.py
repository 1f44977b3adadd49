"""
From a table to a model, and what the model says
================================================

A table goes in as it is. Then: is it better than gradient boosting, what does it look
at, what does it make of a column, and does a search improve it?

The table is scikit-learn's diabetes data: 442 patients, ten measurements each, and how
far the disease has come a year later.
"""

# %%
# The table. Sex is a category, and a tenth of the blood pressures is missing here.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.inspection import PartialDependenceDisplay, permutation_importance
from sklearn.model_selection import cross_val_score, train_test_split

from sknn_scratch.display import LossCurveDisplay
from sknn_scratch.model_selection import RandomizedSearchCV
from sknn_scratch.tabular import SEARCH_SPACE, TabularMLPRegressor

MEMBERS = {}  # small: {"n_members": 4, "max_iter": 60}
N_CANDIDATES = 10  # small: 3
EPOCHS = 100  # small: 30

X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
X["sex"] = X["sex"].map({1.0: "one", 2.0: "other"}).astype("category")
X.loc[::10, "bp"] = np.nan
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=2)
print(X_train.head())

# %%
# No parameter is set, nothing is scaled, encoded or imputed; y is in its own units.

model = TabularMLPRegressor(random_state=0, **MEMBERS).fit(X_train, y_train)
print(f"R^2 on the test rows: {model.score(X_test, y_test):.3f}")
print("weights of the views:", model.mixing_weights_.round(2))

# %%
# Beside gradient boosting, over five folds of all rows.

scores = {
    "gradient boosting": cross_val_score(
        HistGradientBoostingRegressor(random_state=0), X, y, cv=5
    ),
    "networks": cross_val_score(
        TabularMLPRegressor(random_state=0, **MEMBERS), X, y, cv=5
    ),
}
for name, values in scores.items():
    print(f"{name}: R^2 {values.mean():.3f}, in the folds {np.sort(values).round(2)}")
assert scores["networks"].mean() > scores["gradient boosting"].mean()

# %%
# The loss in training and on the rows that each net holds out.

LossCurveDisplay.from_estimator(model, log=True)
plt.show()

# %%
# What it looks at: how much the score falls when a column is shuffled.

importance = permutation_importance(model, X_test, y_test, n_repeats=10, random_state=0)
order = importance.importances_mean.argsort()
figure, ax = plt.subplots(layout="constrained")
ax.boxplot(
    importance.importances[order].T,
    orientation="horizontal",
    tick_labels=X.columns[order],
)
ax.axvline(0, color="gray", linewidth=0.8)
ax.set(xlabel="Fall of R^2 when the column is shuffled", title="Permutation importance")
plt.show()

# %%
# What it makes of the two that count most: the mean prediction when all patients had
# that value.

PartialDependenceDisplay.from_estimator(
    model, X_train, ["bmi", "s5"], grid_resolution=40
)
plt.gcf().set_layout_engine("constrained")
plt.show()

# %%
# A search. The default settings do well: on so few rows do not expect much more.

search = RandomizedSearchCV(
    TabularMLPRegressor(n_members=4, max_iter=EPOCHS, random_state=0),
    SEARCH_SPACE,
    n_iter=N_CANDIDATES,
    cv=3,
    random_state=0,
).fit(X_train, y_train)
print("best of the search:", search.best_params_)
print(
    f"R^2 on the test rows: {search.score(X_test, y_test):.3f}; "
    f"default settings: {model.score(X_test, y_test):.3f}"
)
