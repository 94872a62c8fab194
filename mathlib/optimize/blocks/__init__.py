"""Block coordinate descent: problems, partitions into blocks, rules that select a block, and updates of it."""
