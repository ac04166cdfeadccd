from fastapi import FastAPI

app = FastAPI(title="FastAPI")


@app.get("/")
def root() -> dict[str, str]:
    return {"message": "This answer comes from main.py.", "docs": "/docs"}


@app.get("/items/{item_id}")
def item(item_id: int) -> dict[str, int]:
    return {"item_id": item_id}
