"""The verdict as people read it: terminal, Markdown, JSON, notebook. It takes the verdict document and the flow table only."""
