"""Training graphs of agents, with their copies and losses, and right outputs."""

import tensorflow as tf

from tests.graphs.training_graphs.layers import (
    dense,
    fed,
    lstm_loop,
    tf1,
    train,
    variables_of,
)


def _layers(x, units: int, scope: str, activation=None, **how):
    with tf1.variable_scope(scope, reuse=tf1.AUTO_REUSE):
        hidden = dense(x, 5, "one", tf.nn.relu, **how)
        return dense(hidden, units, "two", activation, **how)


def _copied(source: str, target: str) -> None:
    pairs = zip(
        *(
            [v for v in tf1.global_variables(scope) if "Adam" not in v.name]
            for scope in (source, target)
        ),
        strict=True,
    )
    tf.group(*[tf1.assign(new, old) for old, new in pairs])


def actor_and_critics():
    """DDPG: the critic also takes the actor's action; both have slow copies."""
    state, later, action, reward = fed(4), fed(4), fed(2), fed(1)
    chosen = _layers(state, 2, "actor", tf.tanh)
    next_action = _layers(later, 2, "actor_copy", tf.tanh, trainable=False)
    value = _layers(tf.concat([state, action], 1), 1, "critic")
    judged = _layers(tf.concat([state, chosen], 1), 1, "critic")
    pair = tf.concat([later, next_action], 1)
    next_value = _layers(pair, 1, "critic_copy", trainable=False)
    wanted = tf.stop_gradient(reward + 0.9 * next_value)
    train(tf.reduce_mean(tf.square(wanted - value)), variables_of("critic/"))
    train(-tf.reduce_mean(judged), variables_of("actor/"))
    _copied("actor/", "actor_copy/")
    _copied("critic/", "critic_copy/")
    return [chosen], "several networks"


def gradients_of_actions():
    """DDPG whose actor takes the critic's gradient from a placeholder."""
    state, action, wanted, slope = fed(4), fed(2), fed(1), fed(2)
    chosen = _layers(state, 2, "actor", tf.tanh) * 2.0
    value = _layers(tf.concat([state, action], 1), 1, "critic")
    train(tf.reduce_mean(tf.square(wanted - value)), variables_of("critic"))
    tf.gradients(value, action)
    variables = variables_of("actor")
    found = tf.gradients(chosen, variables, -slope)
    optimizer = tf1.train.AdamOptimizer(1e-4)
    optimizer.apply_gradients(zip(found, variables, strict=True))
    return [chosen], "two networks"


def clipped_policy():
    """PPO: the ratio of a policy to its older copy, clipped."""
    state, action, advantage, returns = fed(4), fed(dtype=tf.int32), fed(), fed(1)
    policy = _layers(state, 2, "policy", tf.nn.softmax)
    old = _layers(state, 2, "old", tf.nn.softmax, trainable=False)
    value = _layers(state, 1, "value")
    taken = tf.one_hot(action, 2)
    now, before = (tf.reduce_sum(p * taken, 1) for p in (policy, old))
    ratio = tf.exp(tf1.log(now) - tf1.log(before))
    clipped = tf.clip_by_value(ratio, 0.8, 1.2)
    gain = tf.reduce_mean(tf.minimum(ratio * advantage, clipped * advantage))
    spread = -tf.reduce_mean(tf.reduce_sum(policy * tf1.log(policy), 1))
    error = tf.reduce_mean(tf.math.squared_difference(value, returns))
    train(-gain + 0.5 * error - 0.01 * spread)
    _copied("policy", "old")
    return [policy, value], "two heads"


def workers():
    """A3C: a worker's gradients change the shared network, and are copied back."""
    state, action, returns = fed(4), fed(dtype=tf.int32), fed()

    def network(scope):
        with tf1.variable_scope(scope):
            shared = dense(state, 5, "one", tf.nn.relu)
            return dense(shared, 2, "policy", tf.nn.softmax), dense(shared, 1, "value")

    shared_answers = network("global")
    policy, value = network("worker")
    chosen = tf.reduce_sum(policy * tf.one_hot(action, 2), 1)
    error = returns - tf.reshape(value, [-1])
    spread = -tf.reduce_sum(policy * tf1.log(policy))
    gain = tf.reduce_sum(tf1.log(chosen) * tf.stop_gradient(error))
    loss = 0.5 * tf.reduce_sum(tf.square(error)) - gain - 0.01 * spread
    found = tf.gradients(loss, variables_of("worker"))
    found, _ = tf.clip_by_global_norm(found, 40.0)
    optimizer = tf1.train.AdamOptimizer(1e-3)
    optimizer.apply_gradients(zip(found, variables_of("global"), strict=True))
    _copied("global", "worker")
    return [*shared_answers, policy, value], "two heads"


def soft_actor_critic():
    """An actor that samples, two critics, and the entropy in the loss."""
    state, action, wanted = fed(4), fed(2), fed(1)
    hidden = _layers(state, 4, "actor", tf.nn.relu)
    with tf1.variable_scope("actor"):
        mean, spread = dense(hidden, 2, "mean"), dense(hidden, 2, "spread")
    spread = tf.clip_by_value(spread, -20, 2)
    drawn = mean + tf.exp(spread) * tf1.random_normal(tf.shape(mean))
    likely = tf.reduce_sum(
        -0.5 * tf.square((drawn - mean) / tf.exp(spread)) - spread, 1, keepdims=True
    )
    chosen = tf.tanh(drawn)
    likely -= tf.reduce_sum(tf1.log(1 - tf.square(chosen) + 1e-6), 1, keepdims=True)
    for name in ("first", "second"):
        value = _layers(tf.concat([state, action], 1), 1, name)
        train(tf.reduce_mean(tf.square(value - wanted)), variables_of(name))
    judged = [
        _layers(tf.concat([state, chosen], 1), 1, name) for name in ("first", "second")
    ]
    train(tf.reduce_mean(0.2 * likely - tf.minimum(*judged)), variables_of("actor"))
    return [tf.tanh(mean), mean, spread, chosen], "several networks"


def double_q_learning():
    """The following state's best action, by the network; its value, by the copy."""
    state, later, action, reward, done = (
        *(fed(4), fed(4), fed(dtype=tf.int32)),
        *(fed(), fed()),
    )
    values = _layers(state, 3, "network")
    best = tf.argmax(_layers(later, 3, "network"), 1)
    copy = _layers(later, 3, "copy", trainable=False)
    next_value = tf.reduce_sum(copy * tf.one_hot(best, 3), 1)
    wanted = reward + 0.99 * (1 - done) * next_value
    taken = tf.reduce_sum(values * tf.one_hot(action, 3), 1)
    error = tf.stop_gradient(wanted) - taken
    small = tf.abs(error) < 1
    loss = tf.where(small, 0.5 * tf.square(error), tf.abs(error) - 0.5)
    train(tf.reduce_mean(loss))
    _copied("network", "copy")
    return [values]


def recurrent_agent():
    """Values of actions after a sequence of states."""
    outputs, _ = lstm_loop(fed(6, 4), 5, "rnn")
    values = dense(outputs[:, -1], 3, "values")
    action, wanted = fed(3), fed()
    taken = tf.reduce_sum(tf.multiply(values, action), 1)
    train(tf.reduce_mean(tf.square(wanted - taken)))
    tf.argmax(values, 1)
    return [values]


AGENTS = (
    *(actor_and_critics, gradients_of_actions, clipped_policy, workers),
    *(soft_actor_critic, double_q_learning, recurrent_agent),
)
