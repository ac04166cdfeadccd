Gem::Specification.new do |spec|
  spec.name = "page"
  spec.version = "1.0.0"
  spec.summary = "A page."
  spec.authors = ["Example"]
  spec.files = ["lib/page.rb"]
end
