"""The verdict as readable output: terminal, Markdown, JSON, notebook. It uses only the verdict document and the flow table."""
