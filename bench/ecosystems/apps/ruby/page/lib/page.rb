module Page
  def self.text = %w[ruby answers].join(" ")
end
