<?php

namespace Hello;

final class Page
{
    public function __construct(private readonly string $name)
    {
    }

    public function text(): string
    {
        return "{$this->name} answers";
    }
}
