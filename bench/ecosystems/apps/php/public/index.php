<?php

require __DIR__ . '/../vendor/autoload.php';

echo (new Hello\Page('php'))->text();
