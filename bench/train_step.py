"""A training step in PyTorch, as every bench measures it."""


def train_step(optimizer, loss_of):
    """Forward, backward and update; the loss."""
    optimizer.zero_grad()
    loss = loss_of()
    loss.backward()
    optimizer.step()
    return loss.item()
