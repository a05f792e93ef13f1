"""``python -m deploy.helm`` writes all generated files of the chart and of its page in the docs."""

from deploy.helm.generating import generated

for path, text in generated().items():
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
