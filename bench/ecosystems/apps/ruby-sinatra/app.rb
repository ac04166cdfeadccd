require "sinatra/base"

class App < Sinatra::Base
  get("/") { %w[ruby-sinatra answers].join(" ") }
end
