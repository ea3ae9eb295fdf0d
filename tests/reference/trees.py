"""XGBoost's softmax over trees, one row and one node at a time, from its JSON."""

import json
import math

import numpy as np


def leaf_value(tree, row):
    node = 0
    while tree["left_children"][node] != -1:
        value = row[tree["split_indices"][node]]
        threshold = np.float32(tree["split_conditions"][node])
        if math.isnan(value):
            left = bool(tree["default_left"][node])
        else:
            left = np.float32(value) < threshold
        node = tree["left_children" if left else "right_children"][node]
    return tree["base_weights"][node]


def boosting_oracle(booster, rows):
    """Probabilities of shape (n_rows, n_classes), summed in double precision."""
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    model = learner["gradient_booster"]["model"]
    base = json.loads(learner["learner_model_param"]["base_score"])
    found = []
    for row in rows:
        logits = [float(score) for score in base]
        for tree, k in zip(model["trees"], model["tree_info"], strict=True):
            logits[k] += leaf_value(tree, row)
        raised = [math.exp(logit - max(logits)) for logit in logits]
        found.append([value / sum(raised) for value in raised])
    return np.array(found)


def thresholds(booster):
    """Every (column, threshold) that some tree splits at."""
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    return sorted(
        {
            (column, np.float32(threshold))
            for tree in learner["gradient_booster"]["model"]["trees"]
            for column, threshold, left in zip(
                tree["split_indices"],
                tree["split_conditions"],
                tree["left_children"],
                strict=True,
            )
            if left != -1
        }
    )
