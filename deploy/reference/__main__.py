"""``python -m deploy.reference`` writes the generated parts of the reference."""

from deploy.reference.generating import generated

for path, text in generated().items():
    path.write_text(text)
