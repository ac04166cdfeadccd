package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("GET /", func(response http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(response, "%s answers", "go")
	})
	log.Fatal(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}
